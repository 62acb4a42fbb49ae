/** One exception: what is asked for, how it came about, and what can be decided. */
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useParams } from "react-router";
import { tagged } from "../../api/changes";
import { api } from "../../api/portal";
import type { Schema } from "../../api/types";
import { Copyable } from "../../components/Copy";
import { Go } from "../../components/forms/Go";
import { useTagged } from "../../components/forms/useTagged";
import { Loaded } from "../../components/Loaded";
import { Moment } from "../../components/Moment";
import { Outside } from "../../components/Outside";
import { Page } from "../../components/Page";
import { useMay } from "../../components/session";
import { texts } from "../../texts";
import { Decide } from "./Decide";
import { State, Where } from "./parts";

type Detail = Schema<"ExceptionDetail">;

export function ExceptionPage() {
  const { id = "" } = useParams();
  const words = texts.exceptions;
  const may = useMay();
  const edited = useTagged<Detail>(["exception", id], (signal) =>
    tagged(api.GET("/api/v1/exceptions/{id}", { params: { path: { id } }, signal })),
  );
  const detail = edited.query.data?.data;
  const name = detail?.exception.vulnerability ?? id;
  const state = detail?.state;
  return (
    <Page
      title={name}
      heading={
        <>
          <Outside text={name} most={60} /> {state !== undefined && <State state={state} />}
        </>
      }
      above={[{ text: words.title, href: "/exceptions" }]}
      actions={
        <SpaceBetween direction="horizontal" size="xs">
          <Go href={`/vulnerabilities/${encodeURIComponent(name)}`}>{words.detail.toVulnerability}</Go>
          {may("exceptions.decide") && edited.query.data !== undefined && (
            <Acts state={edited.query.data} onSaved={edited.saved} onReload={edited.again} />
          )}
        </SpaceBetween>
      }
    >
      <Loaded query={edited.query}>
        {({ data }) => (
          <>
            <What detail={data} />
            <Course detail={data} />
          </>
        )}
      </Loaded>
    </Page>
  );
}

interface ActsProps {
  state: { data: Detail; etag: string };
  onSaved: (state: { data: Detail; etag: string }) => void;
  onReload: () => void;
}

/** What can be done in this state. */
function Acts({ state, ...others }: ActsProps) {
  const acts =
    state.data.state === "requested"
      ? (["approve", "reject", "revoke"] as const)
      : state.data.state === "approved"
        ? (["revoke"] as const)
        : [];
  return (
    <SpaceBetween direction="horizontal" size="xs">
      {acts.map((act) => (
        <Decide key={act} act={act} state={state} {...others} />
      ))}
    </SpaceBetween>
  );
}

function What({ detail }: { detail: Detail }) {
  const words = texts.exceptions;
  const { exception } = detail;
  return (
    <Container header={<Header variant="h2">{words.detail.what}</Header>}>
      <div className="stack">
        <KeyValuePairs
          columns={3}
          items={[
            { label: words.columns.status, value: words.statuses[exception.status] ?? exception.status },
            ...(exception.justification
              ? [
                  {
                    label: words.form.justification,
                    value: words.justifications[exception.justification] ?? exception.justification,
                  },
                ]
              : []),
            { label: words.columns.where, value: <Where scope={exception.scope} /> },
            {
              label: words.columns.package,
              value: exception.package ? <Outside text={exception.package} most={120} code /> : words.detail.noPackage,
            },
            {
              label: words.columns.expires,
              value: <Moment at={exception.expires_at} otherwise={words.detail.forever} />,
            },
            { label: words.columns.id, value: <Copyable text={detail.id} /> },
          ]}
        />
        <div>
          <h3 className="small-heading">{words.columns.reason}</h3>
          <Outside text={exception.reason} most={600} />
        </div>
      </div>
    </Container>
  );
}

function Course({ detail }: { detail: Detail }) {
  const words = texts.exceptions;
  const { decision, revocation } = detail;
  const wasRejected = detail.state === "rejected";
  return (
    <Container header={<Header variant="h2">{words.detail.course}</Header>}>
      <ul className="plain-list">
        <li>
          {words.detail.requestedBy} <Outside text={detail.requested_by} most={80} />
          {", "}
          <Moment at={detail.requested_at} />
        </li>
        {decision && (
          <Step label={wasRejected ? words.detail.rejectedBy : words.detail.approvedBy} decision={decision} />
        )}
        {revocation && <Step label={words.detail.revokedBy} decision={revocation} />}
      </ul>
    </Container>
  );
}

function Step({ label, decision }: { label: string; decision: Schema<"ExceptionDecision"> }) {
  return (
    <li>
      {label} <Outside text={decision.by} most={80} />
      {", "}
      <Moment at={decision.at} />
      {decision.comment ? (
        <div className="quiet">
          <Outside text={decision.comment} most={400} />
        </div>
      ) : null}
    </li>
  );
}
