import { useData } from 'vitepress';
import theme from 'vitepress/theme-without-fonts';
import { defineComponent, h } from 'vue';
import './site.css';

/** The file of the repository that a page is made from. */
const Source = defineComponent({
  setup() {
    const { frontmatter, theme: settings } = useData();
    return () => {
      const { source } = frontmatter.value as { readonly source?: string };
      const { repository } = settings.value as { readonly repository: string };
      return source === undefined
        ? undefined
        : h('p', { class: 'source' }, ['This page: ', h('a', { href: `${repository}/blob/main/${source}` }, source)]);
    };
  },
});

export default {
  extends: theme,
  Layout: () => h(theme.Layout, null, { 'doc-footer-before': () => h(Source) }),
};
