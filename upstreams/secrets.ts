/** Passwords in texts that are shown. */

/** What may stand for a password in SQL, and in a connection string that is itself an SQL literal or not. */
const LITERAL = /(password"?\s*)(?:E?'(?:[^'\\]|''|\\[\s\S])*'?|\$(\w*)\$[\s\S]*?(?:\$\2\$|$))/gi;
const CONNINFO = /(password\s*=\s*)(?:''(?:[^'\\]|\\.)*(?:''|$)|'(?:[^'\\]|\\.)*'?|[^\s'"]+)/gi;
const URI = /(\b[a-z]+:\/\/[^\s:@/'"]*:)[^\s@/'"]*@/gi;

/** The text without the passwords in it: of user mappings, roles, connection strings and URIs. */
export function withoutPasswords(text: string): string {
    return text.replace(CONNINFO, "$1…").replace(LITERAL, "$1'…'").replace(URI, "$1…@");
}
