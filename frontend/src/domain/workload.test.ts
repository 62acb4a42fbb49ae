/** Workloads and ports as people read them. */
import { expect, test } from "vitest";
import { portText, workloadName } from "./workload";

test("a workload is called by what outlives its containers", () => {
  const cluster = { form: "cluster", namespace: "shop", owner_kind: "Deployment", owner_name: "web" } as const;
  expect(workloadName(cluster)).toBe("shop/Deployment/web");
  expect(workloadName({ form: "host", image_repository: "registry.example/web" })).toBe("registry.example/web");
  expect(workloadName({ form: "unknown" })).toBeUndefined();
});

test("a port says where it is bound", () => {
  const port = { protocol: "tcp", host_address: "0.0.0.0", host_port: 443, container_port: 8443 };
  expect(portText(port)).toBe("0.0.0.0:443→8443/tcp");
  expect(portText({ ...port, host_address: "::" })).toBe("[::]:443→8443/tcp");
});
