"""What /openapi.json says, held against the rules of OpenAPI and against the answers that come.

openapi-3.0.schema.json is the OpenAPI Initiative's own schema of such documents (Apache License 2.0).
"""
import json
import pathlib
import re

import jsonschema

SCHEMA = pathlib.Path(__file__).with_name('openapi-3.0.schema.json')
METHODS = {'get', 'post', 'put', 'delete', 'patch'}


def references(node):
    """Every $ref in it."""
    if isinstance(node, dict):
        if isinstance(node.get('$ref'), str):
            yield node['$ref']
        node = list(node.values())
    if isinstance(node, list):
        for one in node:
            yield from references(one)


class OpenApi:
    """A document that has been read."""

    def __init__(self, document):
        self.document = document
        self.resolver = jsonschema.RefResolver('', document)
        # 'GET', '/stock/{book_id}', what the document says of it
        self.operations = [(method.upper(), path, operation)
                           for path, item in document['paths'].items()
                           for method, operation in item.items() if method in METHODS]

    @property
    def routes(self):
        """'GET /stock/{book_id}' and so on."""
        return {f'{method} {path}' for method, path, _ in self.operations}

    def faults(self):
        """What is wrong with the document, in words; empty: nothing."""
        schema = json.loads(SCHEMA.read_text())
        faults = [f'{"/".join(map(str, error.absolute_path))}: {error.message[:200]}'
                  for error in jsonschema.Draft4Validator(schema).iter_errors(self.document)]
        for reference in references(self.document):
            try:
                self.resolver.resolve(reference)
            except jsonschema.RefResolutionError:
                faults.append(f'{reference} leads nowhere')
        schemas = self.document['components']['schemas']
        for name, one in schemas.items():
            try:
                jsonschema.Draft4Validator.check_schema(one)
            except jsonschema.SchemaError as error:
                faults.append(f'{name}: {error.message}')
            used = f'#/components/schemas/{name}'
            if used not in references(self.document):
                faults.append(f'{name} is not used')
        names = [operation['operationId'] for _, _, operation in self.operations]
        if len(set(names)) != len(names):
            faults.append('an operationId is there twice')
        for method, path, operation in self.operations:
            declared = [one['name'] for one in operation['parameters'] if one['in'] == 'path']
            if declared != re.findall(r'{(\w+)}', path):
                faults.append(f'{method} {path}: the parameters of the path are {declared}')
        return faults

    def operation(self, method, target):
        """What is said of a request; None: it is no route of the document."""
        path = target.partition('?')[0]
        for its_method, template, operation in self.operations:
            if its_method == method and re.fullmatch(re.sub(r'{\w+}', '[^/]*', template), path):
                return operation
        return None

    def complaint(self, method, target, reply):
        """Why the document does not allow this reply; empty: it does, or says nothing of the request."""
        operation = self.operation(method, target)
        if not operation:
            return ''
        said = operation['responses'].get(str(reply.status))
        if not said:
            # Of what may go wrong with any request only the form is said.
            said = operation['responses']['default'] if reply.status >= 400 else None
        if not said:
            return f'{reply.status} is not in the document'
        if 'content' not in said:
            return f'no body is in the document: {reply.body}' if reply.body else ''
        kind = reply.fields['Content-Type']
        if kind not in said['content']:
            return f'{kind} is not in the document'
        if kind != 'application/json':
            return ''
        validator = jsonschema.Draft4Validator(said['content'][kind]['schema'],
                                               resolver=self.resolver)
        for error in validator.iter_errors(reply.json):
            return f'{reply.json}: {error.message}'
        outcomes = {(one['code'], one['message']) for one in said.get('x-outcomes', [])}
        if outcomes and 'code' in reply.json:
            if (reply.json['code'], reply.json['message']) not in outcomes:
                return f'{reply.json} is no outcome of {sorted(outcomes)}'
        return ''
