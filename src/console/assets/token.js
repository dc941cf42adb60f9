// The access token: typed once, kept until the tab is closed, sent in a header and nowhere else.
const kStored = 'inventory.token';

let asking = null;  // the question that is open: all who wait for a token wait for this one
let dialog = null;

export function authorization() {
  const token = sessionStorage.getItem(kStored);
  return token ? {Authorization: `Bearer ${token}`} : {};
}

export function currentToken() {
  return sessionStorage.getItem(kStored) ?? '';
}

// Who asks: `ask(refused)` resolves to a token, or to null where nobody gives one.
export function setTokenDialog(ask) {
  dialog = ask;
}

// After a 401 that `used` got: true when there is another token to try.
export async function newToken(used) {
  if (currentToken() !== used) return true;
  asking ??= dialog(used !== '').finally(() => { asking = null; });
  const token = await asking;
  if (token === null) return false;
  sessionStorage.setItem(kStored, token);
  return true;
}
