/** Texts of the overview. */
export const overview = {
  title: "Overview",
};
