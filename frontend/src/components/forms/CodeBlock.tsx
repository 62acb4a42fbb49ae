/** Several lines of commands or of a policy, with a button that copies them. */
import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";
import { texts } from "../../texts";

export function CodeBlock({ text, label }: { text: string; label: string }) {
  return (
    <div className="code-block-frame">
      {/* What is wider than the screen is scrolled by keys, too. */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: see above */}
      <section className="code-block" tabIndex={0} aria-label={label}>
        <code>{text}</code>
      </section>
      <div className="code-block-copy">
        <CopyToClipboard
          variant="icon"
          textToCopy={text}
          copyButtonAriaLabel={`${texts.common.copy}: ${label}`}
          copySuccessText={texts.common.copied}
          copyErrorText={texts.common.copyFailed}
        />
      </div>
    </div>
  );
}
