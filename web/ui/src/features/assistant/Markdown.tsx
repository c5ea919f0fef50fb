import DOMPurify from "dompurify";
import { Marked } from "marked";
import { memo, useMemo } from "react";

const marked = new Marked({
  gfm: true,
  breaks: true,
  renderer: {
    // An answer has no place in the page's outline.
    heading({ tokens }) {
      return `<p><strong>${this.parser.parseInline(tokens)}</strong></p>`;
    },
  },
});

const purify = DOMPurify(window);
purify.addHook("afterSanitizeAttributes", (node) => {
  if (node.tagName === "A" && !node.getAttribute("href")?.startsWith("/")) {
    node.setAttribute("target", "_blank");
    node.setAttribute("rel", "noopener noreferrer nofollow");
  }
});

// No images or other loads: what a model writes must not make the browser fetch an address.
const allowed = {
  ALLOWED_TAGS: ["p", "br", "strong", "em", "del", "a", "ul", "ol", "li", "code", "pre", "blockquote", "hr", "table", "thead", "tbody", "tr", "th", "td"],
  ALLOWED_ATTR: ["href", "start", "align"],
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|\/(?!\/))/i,
};

/** Prose of the assistant: Markdown, cleaned. */
export const Markdown = memo(function Markdown({ text }: { text: string }) {
  const html = useMemo(() => purify.sanitize(marked.parse(text, { async: false }), allowed), [text]);
  return <div className="prose-answer" dangerouslySetInnerHTML={{ __html: html }} />;
});
