import { start } from "./server.mjs";

const { url } = await start(Number(process.env.PORT ?? 8090));
console.log(url);
