/** Being written. */
import { Page } from "../../components/Page";
import { texts } from "../../texts";

export function ImagePage() {
  return <Page title={texts.images.title}>{null}</Page>;
}
