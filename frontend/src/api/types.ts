/** The API's own types under short names. */
import type { components, paths } from "./schema";

type Schemas = components["schemas"];

export type Schema<Name extends keyof Schemas> = Schemas[Name];

/** What a list of the API answers: rows in one of its properties, and where the next page begins. */
export interface AnyPage {
  next_cursor?: string | null;
  total?: number;
  as_of?: string | null;
}

type Json<Operation> = Operation extends { responses: { 200: { content: { "application/json": infer Page } } } }
  ? Page
  : never;

/** The paths that answer lists. */
export type ListPath = {
  [P in keyof paths]: "get" extends keyof paths[P]
    ? Json<paths[P]["get"]> extends { next_cursor?: string | null }
      ? P
      : never
    : never;
}[keyof paths];

/** What the list at a path answers. */
export type PageOf<P extends ListPath> = Json<paths[P]["get"]> & AnyPage;
