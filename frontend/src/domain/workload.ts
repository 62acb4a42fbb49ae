/** Workloads as people call them, and ports as they are written. */

/** What a container belongs to over restarts. */
export type Workload =
  | { form: "cluster"; namespace: string; owner_kind: string; owner_name: string }
  | { form: "host"; image_repository: string }
  | { form: "unknown" };

/** Its name; nothing where it is not known. */
export function workloadName(workload: Workload): string | undefined {
  switch (workload.form) {
    case "cluster":
      return `${workload.namespace}/${workload.owner_kind}/${workload.owner_name}`;
    case "host":
      return workload.image_repository;
    default:
      return undefined;
  }
}

/** A port of the host that leads into a container. */
export interface Port {
  protocol: string;
  host_address: string;
  host_port: number;
  container_port: number;
}

/** As engines write it: `0.0.0.0:443→8443/tcp`, an IPv6 address in brackets. */
export function portText({ protocol, host_address, host_port, container_port }: Port): string {
  const address = host_address.includes(":") ? `[${host_address}]` : host_address;
  return `${address}:${host_port}→${container_port}/${protocol}`;
}
