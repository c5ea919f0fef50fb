import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { useState } from "react";
import { newQueryClient, sessionQuery } from "../lib/queries";
import { newRouter } from "./router";

export function App() {
  const [{ queries, router }] = useState(() => {
    const queries = newQueryClient(() => {
      queries.setQueryData(sessionQuery.queryKey, null);
      void router.invalidate();
    });
    const router = newRouter(queries);
    return { queries, router };
  });
  return (
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  );
}
