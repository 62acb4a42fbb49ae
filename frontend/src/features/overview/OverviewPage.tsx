/** Being written. */
import { Page } from "../../components/Page";
import { texts } from "../../texts";

export function OverviewPage() {
  return <Page title={texts.overview.title}>{null}</Page>;
}
