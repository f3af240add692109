/** What other parts of the program use of this folder. */

export { CODES, type Code } from "./codes";
export { compare } from "./compare";
