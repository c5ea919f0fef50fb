import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/App";
import { I18nProvider, initialLocale, locales } from "./lib/i18n";
import "./lib/theme"; // every page follows a change of the system's theme
import "./styles/base.css";

const root = document.getElementById("root");
if (!root) throw new Error("no #root");

const locale = initialLocale();
void locales[locale].load().then((messages) => {
  document.documentElement.lang = locale;
  createRoot(root).render(
    <StrictMode>
      <I18nProvider locale={locale} messages={messages}>
        <App />
      </I18nProvider>
    </StrictMode>,
  );
});
