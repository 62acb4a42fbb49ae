/** Being written. */
import { Page } from "../../components/Page";
import { texts } from "../../texts";

export function AccountPage() {
  return <Page title={texts.account.title}>{null}</Page>;
}
