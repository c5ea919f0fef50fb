import { useNavigate } from "@tanstack/react-router";
import { MessageCircle, Monitor, Moon, Sun, type LucideIcon } from "lucide-react";
import { Dialog } from "radix-ui";
import { useId, useState, type KeyboardEvent } from "react";
import type { Session } from "../lib/contract";
import { useWords } from "../lib/i18n";
import { setTheme, themes, type Theme } from "../lib/theme";
import { screens } from "./nav";

interface Command {
  key: string;
  label: string;
  hint?: string;
  icon: LucideIcon;
  run: () => void;
}

interface Props {
  session: Session;
  /** Asks the assistant; for those who have one. */
  onAsk?: (text: string) => void;
  onClose: () => void;
}

const themeIcons: Record<Theme, LucideIcon> = { system: Monitor, light: Sun, dark: Moon };

/** Everything that can be gone to or done, found by typing: a combobox with its list always open. */
export default function Palette({ session, onAsk, onClose }: Props) {
  const { t } = useWords();
  const navigate = useNavigate();
  const id = useId();
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);

  const wanted = plain(text);
  const fixed: Command[] = [
    ...screens.filter((s) => s.roles.includes(session.role)).map(({ to, label, icon }) => ({ key: to, label: label(t), icon, run: () => void navigate({ to }) })),
    ...themes.map((v) => ({ key: v, label: t.app.themes[v], hint: t.app.theme, icon: themeIcons[v], run: () => setTheme(v) })),
  ];
  const found = fixed.filter((c) => wanted.split(" ").every((word) => plain(`${c.label} ${c.hint ?? ""}`).includes(word)));
  // A question is what is typed when nothing has such a name, and the last choice otherwise.
  if (onAsk && text.trim()) found.push({ key: "ask", label: text.trim(), hint: t.app.palette.ask, icon: MessageCircle, run: () => onAsk(text.trim()) });
  const chosen = Math.min(at, found.length - 1);

  const choose = (c?: Command) => {
    if (!c) return;
    onClose();
    c.run();
  };
  const move = (e: KeyboardEvent) => {
    const to = { ArrowDown: chosen + 1, ArrowUp: chosen - 1, Home: 0, End: found.length - 1 }[e.key];
    if (e.nativeEvent.isComposing || (to === undefined && e.key !== "Enter")) return;
    e.preventDefault();
    if (to === undefined) {
      choose(found[chosen]);
      return;
    }
    const next = (to + found.length) % found.length;
    setAt(next);
    document.getElementById(`${id}-${String(next)}`)?.scrollIntoView({ block: "nearest" });
  };

  return (
    <Dialog.Root open onOpenChange={(o) => !o && onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-40 animate-in bg-scrim" />
        <Dialog.Content aria-describedby={undefined} className="fixed start-1/2 top-[12dvh] z-40 flex max-h-[70dvh] w-[calc(100vw-2rem)] max-w-lg -translate-x-1/2 animate-in flex-col overflow-hidden rounded-lg border border-line bg-surface shadow-2">
          <Dialog.Title className="sr-only">{t.app.palette.title}</Dialog.Title>
          <input
            role="combobox"
            aria-expanded="true"
            aria-controls={id}
            aria-autocomplete="list"
            aria-activedescendant={found.length > 0 ? `${id}-${String(chosen)}` : undefined}
            aria-label={t.app.palette.title}
            placeholder={onAsk ? t.app.palette.placeholderAsk : t.app.palette.placeholder}
            value={text}
            maxLength={2000}
            onChange={(e) => {
              setText(e.target.value);
              setAt(0);
            }}
            onKeyDown={move}
            className="h-14 w-full shrink-0 border-b border-line bg-surface px-4 outline-none placeholder:text-ink-2"
          />
          <ul id={id} role="listbox" aria-label={t.app.palette.title} className="min-h-0 overflow-y-auto p-2">
            {found.map((c, i) => (
              <li
                key={c.key}
                id={`${id}-${String(i)}`}
                role="option"
                aria-selected={i === chosen}
                onMouseMove={() => setAt(i)}
                onClick={() => choose(c)}
                className="flex min-h-11 cursor-pointer items-center gap-3 rounded-md px-3 text-sm aria-selected:bg-sunken"
              >
                <c.icon className="size-[18px] shrink-0 text-ink-2" aria-hidden="true" />
                <span className="min-w-0 flex-1 truncate font-medium">{c.label}</span>
                {c.hint && <span className="shrink-0 text-xs text-ink-2">{c.hint}</span>}
              </li>
            ))}
          </ul>
          {found.length === 0 && (
            <p role="status" className="px-5 pt-1 pb-5 text-sm text-ink-2">
              {t.app.palette.nothing}
            </p>
          )}
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

/** Without case and accents, so that "Giới" is found by "gioi". */
const plain = (s: string) =>
  s
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .trim();
