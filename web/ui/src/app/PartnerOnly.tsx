import { Outlet, useRouteContext } from "@tanstack/react-router";
import { lazy, Suspense } from "react";

const Refused = lazy(() => import("./Refused"));

export function PartnerOnly() {
  const { session } = useRouteContext({ from: "/signed-in" });
  return session.role === "partner" ? (
    <Outlet />
  ) : (
    <Suspense>
      <Refused />
    </Suspense>
  );
}
