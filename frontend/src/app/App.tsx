/**
 * Lets in who is signed in. Whoever is not sees the way in at the very address that was asked for; whoever stops being it in the
 * middle of work signs in above the page, which stays with all that was written into it.
 */
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useRef } from "react";
import { over, sessionQuery } from "../api/session";
import type { Schema } from "../api/types";
import { Loading } from "../components/Loaded";
import { ProblemAlert } from "../components/Problem";
import { CallerContext } from "../components/session";
import { Shell } from "./Shell";

const SignInScreen = lazy(async () => ({ default: (await import("../features/sign-in/SignInScreen")).SignInScreen }));
const FirstSteps = lazy(async () => ({ default: (await import("../features/sign-in/FirstSteps")).FirstSteps }));

export function App() {
  const session = useQuery(sessionQuery);
  const last = useRef<Schema<"CallerDetail"> | undefined>(undefined);
  const caller = session.data ?? undefined;

  useEffect(() => {
    const before = last.current;
    if (caller !== undefined) {
      // Another tab signed in as somebody else: nothing of the one before may stay on the screen.
      if (before !== undefined && (before.user !== caller.user || before.tenant !== caller.tenant)) {
        location.reload();
      }
      last.current = caller;
    } else if (session.data === null && before !== undefined) {
      over();
    }
  }, [caller, session.data]);

  const shown = caller ?? last.current;
  if (shown === undefined) {
    if (session.isError) {
      return (
        <main className="lone">
          <ProblemAlert error={session.error} onRetry={() => void session.refetch()} />
        </main>
      );
    }
    return session.isPending ? null : (
      <Suspense fallback={<Loading />}>
        <SignInScreen />
      </Suspense>
    );
  }
  if (shown.must_change_password || shown.must_set_up_second_factor) {
    return (
      <Suspense fallback={<Loading />}>
        <FirstSteps caller={shown} />
      </Suspense>
    );
  }
  return (
    <CallerContext value={shown}>
      <Shell />
    </CallerContext>
  );
}
