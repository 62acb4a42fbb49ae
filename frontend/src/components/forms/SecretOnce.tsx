/** A secret that is shown once, with what that means. */
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { texts } from "../../texts";
import { Command } from "../Copy";

interface SecretOnceProps {
  title: string;
  secrets: readonly { label?: string; text: string }[];
}

export function SecretOnce({ title, secrets }: SecretOnceProps) {
  return (
    <output>
      <Alert type="warning" header={title}>
        <SpaceBetween size="s">
          <div>{texts.forms.once}</div>
          {secrets.map(({ label, text }) => (
            <div key={text}>
              {label !== undefined && <Box variant="awsui-key-label">{label}</Box>}
              <Command text={text} />
            </div>
          ))}
        </SpaceBetween>
      </Alert>
    </output>
  );
}
