// Refusals in the reader's language. The service's own words are Chinese.
import {hasText, language, t} from './i18n.js';

export function outcomeText({code, message}) {
  const key = `code.${code}`;
  if (language() === 'zh' || !hasText(key)) return `${message} (${code})`;
  return `${t(key)} (${code}${code === 40001 ? `: ${message}` : ''})`;
}
