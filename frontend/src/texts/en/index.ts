/** The texts in English, by area. */
import { access } from "./access";
import { account } from "./account";
import { agents } from "./agents";
import { common } from "./common";
import { forms } from "./forms";
import { hosts } from "./hosts";
import { images } from "./images";
import { notifications } from "./notifications";
import { overview } from "./overview";
import { registries } from "./registries";
import { shell } from "./shell";
import { signIn } from "./signIn";
import { vulnerabilities } from "./vulnerabilities";

export const en = {
  access,
  account,
  agents,
  common,
  forms,
  hosts,
  images,
  notifications,
  overview,
  registries,
  shell,
  signIn,
  vulnerabilities,
};
