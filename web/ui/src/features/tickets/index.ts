export { Queue } from "./Queue";
export { TicketPage } from "./TicketPage";
