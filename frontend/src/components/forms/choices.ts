/** What forms let somebody choose from: the tenant's roles and collections. */
import { queryOptions, useQuery } from "@tanstack/react-query";
import { all, answered } from "../../api/client";
import { api } from "../../api/portal";
import type { Schema } from "../../api/types";
import { useMay } from "../session";

/** Most that are offered. */
const MOST = 2000;

async function some<T>(rows: AsyncGenerator<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const row of rows) {
    found.push(row);
    if (found.length >= MOST) {
      break;
    }
  }
  return found;
}

const pageOf = (cursor: string | undefined) => (cursor === undefined ? { limit: 500 } : { limit: 500, cursor });

const collectionsQuery = queryOptions({
  queryKey: ["choices", "collections"],
  queryFn: ({ signal }) =>
    some(
      all(
        (cursor) => answered(api.GET("/api/v1/collections", { params: { query: pageOf(cursor) }, signal })),
        (page) => page.collections,
      ),
    ),
});

const rolesQuery = queryOptions({
  queryKey: ["choices", "roles"],
  queryFn: ({ signal }) =>
    some(
      all(
        (cursor) => answered(api.GET("/api/v1/roles", { params: { query: pageOf(cursor) }, signal })),
        (page) => page.roles,
      ),
    ),
});

/** The collections; none while they come, and for who may not see them. */
export function useCollections(): readonly Schema<"CollectionDetail">[] {
  const may = useMay();
  const { data } = useQuery({ ...collectionsQuery, enabled: may("collections.read") });
  return data ?? [];
}

/** The roles; none while they come, and for who may not see them. */
export function useRoles(): readonly Schema<"RoleDetail">[] {
  const may = useMay();
  const { data } = useQuery({ ...rolesQuery, enabled: may("people.read") });
  return data ?? [];
}
