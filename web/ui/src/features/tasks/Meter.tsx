import { Progress } from "../../components/Progress";

/** A share of a whole, in words and as a bar. */
export function Meter({ label, text, part, done = false }: { label: string; text: string; part: number; done?: boolean }) {
  return (
    <div className="min-w-0">
      <p className="mb-1 flex flex-wrap justify-between gap-x-2 text-xs">
        <span className="text-ink-2">{label}</span>
        <span className="tabular-nums">{text}</span>
      </p>
      <Progress part={part} label={label} text={text} done={done && part >= 1} />
    </div>
  );
}
