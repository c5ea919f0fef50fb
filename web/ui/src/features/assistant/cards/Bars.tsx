export { Bars, Meter } from "../../../components/Bars";
