import { text } from "@/i18n";
import { Page } from "@/ui/page";

export default function View() {
  return <Page title={text.shell.home}>{null}</Page>;
}
