/** Where the comparison of two images is, and what is read for it. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { answered } from "../../api/client";
import { listAt } from "../../api/lists";
import { api } from "../../api/portal";
import { useWhole } from "../../components/list/useWhole";

/** The address of the page that compares one image with another; without the other it asks for it. */
export function compareAddress(first: string, second?: string): string {
  const params = new URLSearchParams({ a: first, ...(second === undefined ? {} : { b: second }) });
  return `/images/compare?${params.toString()}`;
}

/** One image. */
export function useImage(id: string) {
  return useQuery({
    queryKey: ["image", id],
    queryFn: ({ signal }) => answered(api.GET("/api/v1/images/{id}", { params: { path: { id } }, signal })),
  });
}

/** One image with all its packages and findings. */
export function useWholeImage(id: string) {
  const detail = useImage(id);
  const packageList = useMemo(() => listAt("/api/v1/images/{id}/packages", (page) => page.packages, { id }), [id]);
  const findingList = useMemo(() => {
    const list = listAt("/api/v1/images/{id}/findings", (page) => page.findings, { id });
    // What an exception hides is there all the same: without it one of the images alone would look mended.
    return { ...list, address: `${list.address}?excepted=all` };
  }, [id]);
  const packages = useWhole(packageList, ({ total }) => total);
  const findings = useWhole(findingList, ({ summary }) => summary.total);
  return { detail, packages, findings };
}
