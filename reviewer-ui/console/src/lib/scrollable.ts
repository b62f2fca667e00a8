/** What is wider than its place can be scrolled by keyboard, and has a name then: that of the table in it. */
export function scrollable(node: HTMLElement): () => void {
  const look = (): void => {
    if (node.scrollWidth <= node.clientWidth + 1 && node.scrollHeight <= node.clientHeight + 1) {
      node.removeAttribute('tabindex');
      return;
    }
    node.tabIndex = 0;
    if (node.hasAttribute('aria-label')) return;
    node.setAttribute('role', 'group');
    node.setAttribute('aria-label', node.querySelector('caption')?.textContent ?? '');
  };
  const watch = new ResizeObserver(look);
  watch.observe(node);
  for (const child of node.children) watch.observe(child);
  return () => watch.disconnect();
}
