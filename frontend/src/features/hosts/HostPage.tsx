/** Being written. */
import { Page } from "../../components/Page";
import { texts } from "../../texts";

export function HostPage() {
  return <Page title={texts.hosts.title}>{null}</Page>;
}
