/** What other parts of the program use of this folder. */

export { type Settled, settle, unusedMessage } from "./accepted";
export { compare } from "./compare";
