import { useQueryClient } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { Check, LogOut } from "lucide-react";
import { DropdownMenu as Menu } from "radix-ui";
import type { ReactElement, ReactNode } from "react";
import { api } from "../lib/api";
import type { Session } from "../lib/contract";
import { locales, useWords, type Locale } from "../lib/i18n";
import { sessionQuery } from "../lib/queries";
import { useSingleKeys } from "../lib/singleKeys";
import { setTheme, themes, useTheme, type Theme } from "../lib/theme";

const item = "flex min-h-9 w-full cursor-pointer items-center gap-2 rounded-sm px-2 text-sm outline-none select-none data-[highlighted]:bg-sunken";

interface Props {
  session: Session;
  name: string;
  trigger: ReactElement;
  open: boolean;
  onOpenChange: (open: boolean) => void;
}

export default function AccountMenu({ session, name, trigger, open, onOpenChange }: Props) {
  const { t, locale, setLocale } = useWords();
  const theme = useTheme();
  const [keys, setKeys] = useSingleKeys();
  const signOut = useSignOut();
  return (
    <Menu.Root modal={false} open={open} onOpenChange={onOpenChange}>
      <Menu.Trigger asChild>{trigger}</Menu.Trigger>
      <Menu.Portal>
        <Menu.Content align="end" sideOffset={6} collisionPadding={12} className="z-40 w-64 animate-in rounded-lg border border-line bg-surface p-1.5 shadow-2">
          <div className="px-2 py-2">
            <p className="truncate font-medium">{name}</p>
            <p className="text-sm text-ink-2 tabular-nums">
              {t.app.roles[session.role]} · {t.app.uid(session.uid)}
            </p>
          </div>
          <Line />
          <Heading>{t.app.theme}</Heading>
          <Menu.RadioGroup value={theme} onValueChange={(v) => setTheme(v as Theme)}>
            {themes.map((v) => (
              <Choice key={v} value={v}>
                {t.app.themes[v]}
              </Choice>
            ))}
          </Menu.RadioGroup>
          <Line />
          <Heading>{t.app.language}</Heading>
          <Menu.RadioGroup value={locale} onValueChange={(v) => setLocale(v as Locale)}>
            {Object.entries(locales).map(([id, { name }]) => (
              <Choice key={id} value={id}>
                <span lang={id}>{name}</span>
              </Choice>
            ))}
          </Menu.RadioGroup>
          <Line />
          <Menu.CheckboxItem checked={keys} onCheckedChange={setKeys} onSelect={(e) => e.preventDefault()} className={item}>
            <Tick />
            {t.app.singleKeys}
          </Menu.CheckboxItem>
          <Line />
          <Menu.Item onSelect={() => void signOut()} className={item}>
            <LogOut className="size-4 text-ink-2" aria-hidden="true" />
            {t.app.signOut}
          </Menu.Item>
        </Menu.Content>
      </Menu.Portal>
    </Menu.Root>
  );
}

const Line = () => <Menu.Separator className="-mx-1.5 my-1.5 h-px bg-line" />;
const Heading = ({ children }: { children: ReactNode }) => <Menu.Label className="px-2 py-1 text-xs text-ink-2">{children}</Menu.Label>;

const Tick = () => (
  <span className="grid size-4 place-items-center">
    <Menu.ItemIndicator>
      <Check className="size-4 text-accent" aria-hidden="true" />
    </Menu.ItemIndicator>
  </span>
);

const Choice = ({ value, children }: { value: string; children: ReactNode }) => (
  <Menu.RadioItem value={value} onSelect={(e) => e.preventDefault()} className={item}>
    <Tick />
    {children}
  </Menu.RadioItem>
);

function useSignOut() {
  const queries = useQueryClient();
  const router = useRouter();
  return async () => {
    // The next person at this browser must not get this one's notices.
    await import("../features/notices/push").then((push) => push.turnOff()).catch(() => undefined);
    await api.delete("/v1/session").catch(() => undefined);
    sessionStorage.clear();
    queries.clear();
    queries.setQueryData(sessionQuery.queryKey, null);
    await router.navigate({ to: "/sign-in" });
  };
}
