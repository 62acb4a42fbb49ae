/** The texts in English, by area. */
import { account } from "./account";
import { common } from "./common";
import { hosts } from "./hosts";
import { images } from "./images";
import { overview } from "./overview";
import { places } from "./places";
import { shell } from "./shell";
import { signIn } from "./signIn";
import { vulnerabilities } from "./vulnerabilities";

export const en = { account, common, hosts, images, overview, places, shell, signIn, vulnerabilities };
