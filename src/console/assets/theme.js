// Before the first paint: the theme somebody chose, or none, and then the system's holds.
'use strict';
{
  const chosen = localStorage.getItem('inventory.theme');
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen;
}
