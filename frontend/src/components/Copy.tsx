/** Texts to be taken elsewhere: ids, digests, commands. */
import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";
import { visible } from "../domain/outside";
import { texts } from "../texts";

/** A text with a button that copies it; `shown` is shown in its place. */
export function Copyable({ text, shown }: { text: string; shown?: string }) {
  return (
    <CopyToClipboard
      variant="inline"
      textToCopy={text}
      textToDisplay={<bdi className="outside outside-code">{visible(shown ?? text)}</bdi>}
      copyButtonAriaLabel={`${texts.common.copy} ${visible(text).slice(0, 80)}`}
      copySuccessText={texts.common.copied}
      copyErrorText={texts.common.copyFailed}
    />
  );
}

/** A command on a line of its own. */
export function Command({ text }: { text: string }) {
  return (
    <div className="command">
      <code>{text}</code>
      <CopyToClipboard
        variant="icon"
        textToCopy={text}
        copyButtonAriaLabel={texts.common.copy}
        copySuccessText={texts.common.copied}
        copyErrorText={texts.common.copyFailed}
      />
    </div>
  );
}
