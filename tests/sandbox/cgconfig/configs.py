"""Configurations to try: hypothesis makes them, and the manual's examples are some."""

from __future__ import annotations

from hypothesis import strategies as st

from labkit.sandbox.cgconfig import Config, Controller, Group, Mount, Owner, Permissions, Setting

texts = st.text(
    st.characters(exclude_characters='"', exclude_categories=("Cs",)), min_size=1, max_size=12
)
words = st.one_of(
    st.sampled_from(["cpu", "memory", "task", "group", "name=mine", "8:0 1048576", "#", "}"]), texts
)
values = st.one_of(words, st.just(""))
modes = st.sampled_from(["", "700", "755"])
settings = st.builds(Setting, words, values)
controllers = st.builds(Controller, words, st.lists(settings, max_size=3).map(tuple))
tasks = st.builds(Owner, uid=words, gid=st.just("") | words, fperm=modes)
admins = st.builds(Owner, uid=st.just("") | words, gid=words, dperm=modes, fperm=modes)
permissions = st.builds(Permissions, tasks, admins)
groups = st.builds(
    Group,
    words,
    st.lists(controllers, min_size=1, max_size=3).map(tuple),
    st.none() | permissions,
)
mounts = st.lists(st.builds(Mount, words, words), max_size=2).map(tuple)
several = st.lists(groups, max_size=2).map(tuple)
configs = st.builds(Config, mounts, several, several, mounts, st.none() | permissions)
