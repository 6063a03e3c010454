"""Renders and checks what is in deploy/, with the tools that dev/deploy-tools fetches.

  chart.py render CHART VALUES...        prints the manifests of release tidemark in namespace tidemark; VALUES: YAML files
  chart.py kubernetes VERSION FILE...    checks manifests against the schemas of Kubernetes, unknown fields being errors
  chart.py compose FILE...               checks Compose files against the Compose Specification

Exit code 0: all is well. Else what is wrong is printed, and the exit code is 1.
"""

import sys

import yaml

# Objects of the Prometheus operator have no schema in Kubernetes.
OPERATOR = "monitoring.coreos.com/"


def documents(path):
    with open(path, encoding="utf-8") as file:
        return [document for document in yaml.safe_load_all(file) if document]


def merged(base, over):
    """As Helm merges value files: maps key by key, all else replaced."""
    result = dict(base)
    for key, value in over.items():
        both_maps = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both_maps else value
    return result


def render(chart_folder, *value_files):
    import helm_python

    values = {}
    for path in value_files:
        with open(path, encoding="utf-8") as file:
            values = merged(values, yaml.safe_load(file) or {})
    with helm_python.Chart.load(chart_folder) as chart:
        chart.validate_schema(values)
        rendered = chart.render(values, name="tidemark", namespace="tidemark", is_install=True)
    manifests = [
        text.strip() for name, text in sorted(rendered.items()) if name.endswith(".yaml") and text.strip()
    ]
    print("# Rendered from deploy/kubernetes/tidemark with the values.yaml beside this file: dev/manifests")
    print("\n---\n".join(manifests))


def check_kubernetes(version, *paths):
    import kubernetes_validate

    problems = []
    for path in paths:
        for document in documents(path):
            if document["apiVersion"].startswith(OPERATOR):
                continue
            try:
                kubernetes_validate.validate(document, version, strict=True)
            except (kubernetes_validate.ValidationError, kubernetes_validate.InvalidSchemaError,
                    kubernetes_validate.SchemaNotFoundError) as error:
                problems.append(f"{path}: {document['kind']}: {str(error).splitlines()[0]}")
    return problems


def check_compose(*paths):
    import compose_spec

    problems = []
    for path in paths:
        try:
            with open(path, encoding="utf-8") as file:
                compose = compose_spec.PyCompose.from_yaml(file.read())
            # Names that nothing defines: networks, volumes, secrets, configs.
            compose.validate()
        except Exception as error:
            problems.append(f"{path}: {error}")
    return problems


def main(arguments):
    if len(arguments) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    command, rest = arguments[1], arguments[2:]
    try:
        problems = {"render": render, "kubernetes": check_kubernetes, "compose": check_compose}[command](*rest)
    except Exception as error:  # whatever a tool's own error is called
        problems = [f"{type(error).__name__}: {error}"]
    for problem in problems or []:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
