/** Login and password, then a code where somebody has a second factor; or a service that knows who somebody is. */
import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation, useQuery } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useState } from "react";
import { answered } from "../../api/client";
import { api, problemIn } from "../../api/portal";
import type { Schema } from "../../api/types";
import { InLink, Outside } from "../../components/Outside";
import { ProblemAlert } from "../../components/Problem";
import { texts } from "../../texts";

interface SignInFormProps {
  onSignedIn: (session: Schema<"SessionReply">) => void;
  /** Open services in another tab, so that this page stays. */
  isAgain?: boolean;
  /** The tenant and login that are signed in to again. */
  login?: string;
  tenant?: string;
}

export function SignInForm({
  onSignedIn,
  isAgain = false,
  login: known = "",
  tenant: knownTenant = "",
}: SignInFormProps) {
  const words = texts.signIn;
  const [login, setLogin] = useState(known);
  const [password, setPassword] = useState("");
  const [tenant, setTenant] = useState(knownTenant || (new URLSearchParams(location.search).get("tenant") ?? ""));
  const [code, setCode] = useState("");
  const signIn = useMutation({
    mutationFn: () =>
      answered(
        api.POST("/api/v1/session", {
          body: {
            login: login.trim(),
            password,
            cookie: true,
            ...(tenant.trim() === "" ? {} : { tenant: tenant.trim() }),
            ...(code.trim() === "" ? {} : { code: code.trim() }),
          },
        }),
      ),
    retry: false,
    onSuccess: onSignedIn,
  });
  const problem = problemIn(signIn.error)?.problem.type;
  const [needsCode, setNeedsCode] = useState(false);
  if (problem === "/problems/second-factor-required" && !needsCode) {
    setNeedsCode(true);
  }
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (login.trim() !== "" && password !== "") {
      signIn.mutate();
    }
  };
  const asksForCode = problem === "/problems/second-factor-required" && code === "";
  return (
    <SpaceBetween size="l">
      {signIn.isError && !asksForCode && <ProblemAlert error={signIn.error} />}
      <form onSubmit={submit} noValidate>
        <SpaceBetween size="l">
          {needsCode ? (
            <CodeField code={code} onChange={setCode} />
          ) : (
            <>
              <FormField label={words.login}>
                <Input
                  value={login}
                  onChange={({ detail }) => setLogin(detail.value)}
                  name="username"
                  autoComplete="username"
                  autoFocus={known === ""}
                  spellcheck={false}
                  disableBrowserAutocorrect
                />
              </FormField>
              <FormField label={words.password}>
                <Input
                  type="password"
                  value={password}
                  onChange={({ detail }) => setPassword(detail.value)}
                  name="password"
                  autoComplete="current-password"
                  autoFocus={known !== ""}
                />
              </FormField>
              {!isAgain && (
                <ExpandableSection variant="footer" headerText={words.otherTenant} defaultExpanded={tenant !== ""}>
                  <FormField label={words.tenant} description={words.tenantHint}>
                    <Input value={tenant} onChange={({ detail }) => setTenant(detail.value)} spellcheck={false} />
                  </FormField>
                </ExpandableSection>
              )}
            </>
          )}
          <Button variant="primary" fullWidth loading={signIn.isPending} formAction="submit">
            {needsCode ? words.codeSubmit : words.submit}
          </Button>
          {needsCode && (
            <Button
              variant="link"
              formAction="none"
              onClick={() => {
                setNeedsCode(false);
                setCode("");
                setPassword("");
                signIn.reset();
              }}
            >
              {words.startOver}
            </Button>
          )}
        </SpaceBetween>
      </form>
      {!needsCode && <Services tenant={tenant.trim()} isAgain={isAgain} />}
    </SpaceBetween>
  );
}

function CodeField({ code, onChange }: { code: string; onChange: (code: string) => void }) {
  return (
    <FormField label={texts.signIn.code} description={texts.signIn.codeHint}>
      <Input
        value={code}
        onChange={({ detail }) => onChange(detail.value)}
        name="code"
        autoComplete="one-time-code"
        inputMode="text"
        autoFocus
        spellcheck={false}
      />
    </FormField>
  );
}

/** The services that sign people of a tenant in. */
function Services({ tenant, isAgain }: { tenant: string; isAgain: boolean }): ReactNode {
  const ways = useQuery({
    queryKey: ["sign-in-ways", tenant],
    queryFn: ({ signal }) =>
      answered(api.GET("/api/v1/sign-in", { params: { query: tenant === "" ? {} : { tenant } }, signal })),
    staleTime: 300_000,
  });
  if (ways.isError) {
    return <Alert type="info">{texts.signIn.waysFailed}</Alert>;
  }
  const services = ways.data?.identity_providers ?? [];
  if (services.length === 0) {
    return null;
  }
  return (
    <SpaceBetween size="s">
      {services.map(({ id, name }) => (
        <Button
          key={id}
          fullWidth
          href={`/api/v1/sign-in/${encodeURIComponent(id)}${tenant === "" ? "" : `?tenant=${encodeURIComponent(tenant)}`}`}
          {...(isAgain ? { target: "_blank", iconName: "external" as const } : {})}
        >
          {texts.signIn.with("")}
          <InLink value={true}>
            <Outside text={name} most={60} />
          </InLink>
        </Button>
      ))}
      {isAgain && <small>{texts.signIn.againElsewhere}</small>}
    </SpaceBetween>
  );
}
