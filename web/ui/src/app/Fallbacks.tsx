import { Link, useRouter, type ErrorComponentProps } from "@tanstack/react-router";
import { Button, buttonClass } from "../components/Button";
import { ApiError } from "../lib/api";
import { useTitle } from "../lib/hooks";
import { useWords } from "../lib/i18n";

function FullPage({ title, text, children }: { title: string; text: string; children: React.ReactNode }) {
  useTitle(title);
  return (
    <main className="mx-auto flex min-h-dvh max-w-md flex-col items-start justify-center gap-3 p-6">
      <h1 className="text-2xl font-semibold tracking-tight">{title}</h1>
      <p className="text-ink-2">{text}</p>
      {children}
    </main>
  );
}

export function NotFound() {
  const { t } = useWords();
  return (
    <FullPage title={t.states.notFound} text={t.states.notFoundText}>
      <Link to="/" className={buttonClass("primary")}>
        {t.states.toStart}
      </Link>
    </FullPage>
  );
}

export function Crashed({ error, reset }: ErrorComponentProps) {
  const { t } = useWords();
  const router = useRouter();
  const again = () => {
    reset();
    void router.invalidate();
  };
  return (
    <FullPage title={t.states.crashed} text={error instanceof ApiError && error.status === 0 ? t.states.unreachable : error instanceof Error ? error.message : String(error)}>
      <Button variant="primary" onClick={again}>
        {t.states.retry}
      </Button>
    </FullPage>
  );
}
