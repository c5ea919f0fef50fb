import { useRouteContext } from "@tanstack/react-router";
import { Copy, Download, Share2 } from "lucide-react";
import { encode } from "uqr";
import { Button } from "../../components/Button";
import { Modal } from "../../components/Modal";
import { useCopy } from "../../lib/copy";
import { usePageWords } from "../../lib/i18n/pages";
import { codesWords } from "../../lib/i18n/pages/codes";
import { saveFile } from "../../lib/save";

/** The link that a code is shared by; undefined while the hub knows no address to sign up at. */
export function useShareLink() {
  const { session } = useRouteContext({ from: "/signed-in" });
  return (code: string) => session.signUpUrl?.replace("{code}", encodeURIComponent(code));
}

export default function ShareDialog({ code, onClose }: { code: string | undefined; onClose: () => void }) {
  const w = usePageWords(codesWords);
  return (
    <Modal open={code !== undefined} onClose={onClose} title={w.shareTitle(code ?? "")} text={w.shareText}>
      {code && <Share code={code} />}
    </Modal>
  );
}

function Share({ code }: { code: string }) {
  const w = usePageWords(codesWords);
  const copy = useCopy();
  const link = useShareLink()(code);
  const qr = encode(link ?? code, { ecc: "M", border: 2 });
  const path = qr.data.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : []))).join("");
  // On white in either theme: a reader wants dark on light.
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${qr.size} ${qr.size}" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h${qr.size}v${qr.size}H0z"/><path fill="#000" d="${path}"/></svg>`;
  const data = `data:image/svg+xml,${encodeURIComponent(svg)}`;
  const savePng = () => {
    const side = 1024;
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = side;
    const image = new Image();
    image.onload = () => {
      const g = canvas.getContext("2d");
      if (!g) return;
      g.imageSmoothingEnabled = false;
      g.drawImage(image, 0, 0, side, side);
      canvas.toBlob((b) => b && saveFile(b, `${code}.png`));
    };
    image.src = data;
  };
  return (
    <div className="mt-4 space-y-4">
      <img src={data} alt={w.qr(link ?? code)} width={208} height={208} className="mx-auto rounded-md border border-line bg-paper" />
      <Line label={w.code} text={code} onCopy={() => void copy(code, w.theCode(code))} button={w.copyCode(code)} />
      {link ? <Line label={w.link} text={link} onCopy={() => void copy(link, w.theLink)} button={w.copyLink(code)} /> : <p className="rounded-md bg-sunken px-3 py-2 text-xs text-ink-2">{w.noLink}</p>}
      <div className="flex flex-wrap justify-end gap-2">
        {"share" in navigator && (
          <Button onClick={() => void navigator.share({ title: w.shareMessage(code), text: w.shareMessage(code), ...(link ? { url: link } : {}) }).catch(() => undefined)}>
            <Share2 className="size-4" aria-hidden="true" />
            {w.native}
          </Button>
        )}
        <Button onClick={() => saveFile(new Blob([svg], { type: "image/svg+xml" }), `${code}.svg`)}>
          <Download className="size-4" aria-hidden="true" />
          {w.saveSvg}
        </Button>
        <Button onClick={savePng}>
          <Download className="size-4" aria-hidden="true" />
          {w.savePng}
        </Button>
      </div>
    </div>
  );
}

const Line = ({ label, text, button, onCopy }: { label: string; text: string; button: string; onCopy: () => void }) => (
  <div className="flex items-center gap-3 rounded-md border border-line py-1.5 ps-3 pe-1.5">
    <div className="min-w-0 flex-1">
      <p className="text-xs text-ink-2">{label}</p>
      <p className="truncate text-sm font-medium" title={text}>{text}</p>
    </div>
    <Button variant="primary" onClick={onCopy} aria-label={button}>
      <Copy className="size-4" aria-hidden="true" />
    </Button>
  </div>
);
