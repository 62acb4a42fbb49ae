/** Somebody who was invited chooses how they sign in. The invitation is pasted, since addresses are kept in histories and logs. */
import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import { useMutation } from "@tanstack/react-query";
import { answered } from "../../api/client";
import { api } from "../../api/portal";
import { EditForm } from "../../components/forms/EditForm";
import { TextField } from "../../components/forms/fields";
import { useForm } from "../../components/forms/useTagged";
import { visible } from "../../domain/outside";
import { texts } from "../../texts";
import { Frame } from "./Frame";

/** Where an invitation is accepted. */
export const INVITATION = "/invitation";
/** The fewest characters that the server takes. */
const FEWEST = 12;

export function AcceptInvitation() {
  const words = texts.access.invitations;
  const [form, set] = useForm(() => ({ token: "", login: "", password: "", again: "" }));
  const accept = useMutation({
    mutationFn: () =>
      answered(
        api.POST("/api/v1/invitations/accept", {
          body: { token: form.token.trim(), login: form.login.trim(), password: form.password },
        }),
      ),
  });
  if (accept.data !== undefined) {
    return (
      <Frame title={words.acceptTitle}>
        <Alert
          type="success"
          action={
            <Button variant="primary" onClick={() => location.assign("/")}>
              {words.toSignIn}
            </Button>
          }
        >
          {words.acceptedAs(visible(accept.data.user))}
        </Alert>
      </Frame>
    );
  }
  const isShort = form.password !== "" && form.password.length < FEWEST;
  const differs = form.again !== "" && form.again !== form.password;
  const isReady =
    form.token.trim() !== "" &&
    form.login.trim() !== "" &&
    form.password.length >= FEWEST &&
    form.again === form.password;
  return (
    <Frame title={words.acceptTitle} lead={words.acceptLead}>
      <EditForm
        submit={words.accept}
        isBusy={accept.isPending}
        error={accept.error}
        canSubmit={isReady}
        onSubmit={() => accept.mutate()}
      >
        <TextField label={words.token} value={form.token} onChange={(token) => set({ token })} most={300} isSecret />
        <TextField
          label={words.login}
          hint={words.loginHint}
          value={form.login}
          onChange={(login) => set({ login })}
          most={128}
        />
        <TextField
          label={words.password}
          hint={words.passwordHint}
          value={form.password}
          onChange={(password) => set({ password })}
          error={isShort ? words.short : undefined}
          isSecret
        />
        <TextField
          label={words.repeat}
          value={form.again}
          onChange={(again) => set({ again })}
          error={differs ? words.differs : undefined}
          isSecret
        />
      </EditForm>
    </Frame>
  );
}
