/** The texts in English, by area. */
import { access } from "./access";
import { account } from "./account";
import { agents } from "./agents";
import { common } from "./common";
import { containers, windows } from "./containers";
import { exceptions } from "./exceptions";
import { forms } from "./forms";
import { hosts } from "./hosts";
import { images } from "./images";
import { notifications } from "./notifications";
import { overview } from "./overview";
import { places } from "./places";
import { registries } from "./registries";
import { policies, scans } from "./scans";
import { settings } from "./settings";
import { shell } from "./shell";
import { signIn } from "./signIn";
import { vulnerabilities } from "./vulnerabilities";

export const en = {
  access,
  account,
  agents,
  common,
  containers,
  exceptions,
  forms,
  hosts,
  images,
  notifications,
  overview,
  places,
  policies,
  registries,
  scans,
  settings,
  shell,
  signIn,
  vulnerabilities,
  windows,
};
