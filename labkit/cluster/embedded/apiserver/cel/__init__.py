"""CEL: rules in the Common Expression Language. See docs/embedded-cluster.md.

::

    language     one expression: checked, compiled, evaluated; its errors in Kubernetes' words
    functions/   what Kubernetes adds to the language: tables of functions
    times        times and durations, as the evaluator has them
    names        field names as an expression writes them
    declarations what a schema's values are to the checker
    values       what they are to an evaluation
    definitions  what is wrong with the rules of a CRD's schema
    field_paths  the `fieldPath` of a rule
    rules        an object against the rules of its schema
    admission    expressions about a write: policies, match conditions
    conditions   match conditions: whether something is for a write
    policies     what is wrong with the expressions of policies and webhooks
    patch_types  `Object{…}` and `JSONPatch{…}`, which change objects
    patch_values what they are as JSON

The language is Google's own implementation (`cel-expr-python`: its checker and its evaluator). It
is loaded when the first expression is there: a cluster without rules has none of it.

Not here: estimates of what a rule may cost. An evaluation ends after 10,000 steps of its loops
(`language.MOST_STEPS`), all rules of one object after a second.

Sources: the CEL specification; Kubernetes' `apiserver/pkg/cel`, version 1.36, and its
documentation "Common Expression Language in Kubernetes".
"""
