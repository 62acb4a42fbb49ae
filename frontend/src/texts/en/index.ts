/** The texts in English, by area. */
import { access } from "./access";
import { account } from "./account";
import { agents } from "./agents";
import { common } from "./common";
import { forms } from "./forms";
import { hosts } from "./hosts";
import { images } from "./images";
import { overview } from "./overview";
import { shell } from "./shell";
import { signIn } from "./signIn";
import { vulnerabilities } from "./vulnerabilities";

export const en = { access, account, agents, common, forms, hosts, images, overview, shell, signIn, vulnerabilities };
