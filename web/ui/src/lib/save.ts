/** Gives a file to the browser to keep. */
export function saveFile(content: Blob, name: string) {
  const url = URL.createObjectURL(content);
  const a = document.createElement("a");
  a.href = url;
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Has the browser download a file of the server, straight onto the disk. */
export function openFile(href: string) {
  const a = document.createElement("a");
  a.href = href;
  a.download = "";
  a.click();
}
