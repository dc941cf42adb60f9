// The access token: typed once, kept until the tab is closed, sent in a header and nowhere else.
const kStored = 'inventory.token';

let ask = null; // ask(refused) resolves to a token, or to null where nobody gives one
let asking = null; // the question that is open: all who wait for a token wait for this one
let listening = () => {};
let declined = false; // not asked again by itself

export function setTokenDialog(dialog) {
  ask = dialog;
}

export function currentToken() {
  return sessionStorage.getItem(kStored) ?? '';
}

// Told at once, and whenever it becomes another. There is one listener: the frame.
export function onToken(listener) {
  listening = listener;
  listener(currentToken());
}

export function authorization() {
  const token = currentToken();
  return token ? {Authorization: `Bearer ${token}`} : {};
}

// After a 401 that the token `used` got: true where there is another one to try.
export async function newToken(used) {
  if (currentToken() !== used) return true;
  if (declined) return false;
  return askForAnother(used !== '');
}

// Whether there is one now.
export async function askForAnother(refused = false) {
  asking ??= ask(refused).finally(() => {
    asking = null;
  });
  const token = await asking;
  declined = token === null;
  if (declined) return false;
  sessionStorage.setItem(kStored, token);
  listening(token);
  return true;
}

// Somebody does something new: who is asked for a token then is no longer bothered.
export function mayAskAgain() {
  declined = false;
}
