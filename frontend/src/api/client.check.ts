/** How the client is used; that this compiles is the test of what schemas/openapi.json says. */
import { all, answered, connect } from "./client";

/** Signs in and reads the public halves of enrolment tokens. */
export async function enrolmentTokens(address: string, login: string, password: string): Promise<string[]> {
  const session = await answered(connect(address).POST("/api/v1/session", { body: { login, password } }));
  const api = connect(address, session.token);
  const ids: string[] = [];
  const tokens = all(
    (cursor) =>
      answered(
        api.GET("/api/v1/enrolment-tokens", {
          params: { query: cursor === undefined ? { limit: 100 } : { limit: 100, cursor } },
        }),
      ),
    (page) => page.enrolment_tokens,
  );
  for await (const token of tokens) {
    ids.push(token.id);
  }
  return ids;
}

/** Makes a token and takes it back. */
export async function madeAndRevoked(address: string, session: string): Promise<void> {
  const api = connect(address, session);
  const made = await answered(api.POST("/api/v1/enrolment-tokens", { body: { note: "fleet" } }));
  const { error } = await api.DELETE("/api/v1/enrolment-tokens/{id}", {
    params: { path: { id: made.enrolment_token.id } },
  });
  if (error !== undefined) {
    throw new Error(error.detail ?? error.title);
  }
  // @ts-expect-error There is no such path.
  void api.GET("/api/v1/nothing");
  // @ts-expect-error A limit is a number.
  void api.GET("/api/v1/agents", { params: { query: { limit: "ten" } } });
}
