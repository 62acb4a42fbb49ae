/** The areas of the portal, in the order of the navigation. A new area is one line here. */
import type { Area } from "../components/area";
import { access } from "../features/access";
import { account } from "../features/account";
import { agents } from "../features/agents";
import { containers } from "../features/containers";
import { exceptions } from "../features/exceptions";
import { hosts } from "../features/hosts";
import { images } from "../features/images";
import { notifications } from "../features/notifications";
import { overview } from "../features/overview";
import { policies } from "../features/policies";
import { registries } from "../features/registries";
import { scans } from "../features/scans";
import { settings } from "../features/settings";
import { vulnerabilities } from "../features/vulnerabilities";
import { windows } from "../features/windows";

export const AREAS: readonly Area[] = [
  // Nothing but areas stands here, so that two who add one do not meet.
  overview,
  vulnerabilities,
  windows,
  hosts,
  images,
  containers,
  registries,
  scans,
  policies,
  exceptions,
  agents,
  notifications,
  access,
  settings,
  account,
];
