/** The commands that people copy: no token where other processes see it, and no open line that was not said. */
import { expect, test } from "vitest";
import { enrolCommands, isOpenLine, SYSTEMS } from "./install";

test("an address without encryption is named, but for the machine's own", () => {
  expect(isOpenLine("http://bulkhead.example.org")).toBe(true);
  expect(isOpenLine("https://bulkhead.example.org")).toBe(false);
  expect(isOpenLine("http://127.0.0.1:8080")).toBe(false);
  expect(isOpenLine("http://[::1]:8080")).toBe(false);
});

test("the token is no argument of a command", () => {
  for (const system of SYSTEMS) {
    const commands = enrolCommands(system, "https://bulkhead.example.org", "bhe_1_2");
    const line = commands.split("\n").find((one) => one.includes("enroll"));
    expect(line).toContain("--server https://bulkhead.example.org");
    expect(line).not.toContain("bhe_1_2");
    expect(commands).toContain("bhe_1_2");
    expect(commands).not.toContain("--allow-http");
  }
  expect(enrolCommands("linux", "http://bulkhead.example.org", "bhe_1_2")).toContain("--allow-http");
});
