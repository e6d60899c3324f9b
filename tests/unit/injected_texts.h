// Texts of workloads that are hard to change in places, for injected_texts_test.cc.
// Longer than the house style because the texts are read as one table.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace remora::cli {

struct InjectedText {
  const char* reason;
  std::size_t changed_lines;  // of the user's: those in brackets, and values that are overridden
  std::string text;
};

inline const std::string kHead = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: cart}\n";

inline const std::vector<InjectedText> kInjectedTexts = {
    {"a usual Deployment with comments everywhere", 1,
     "# the cart\n" + kHead + R"(spec:  # of the Deployment
  replicas: 2   # two

  template:
    metadata:
      # asks for two
      annotations:
        patterns.remora.dev/sidecar: 'saver'   # by name
        "patterns.remora.dev/adapter": meter
      # below the annotations
    spec:
      # the containers
      containers:
        # the app itself
        - name: app   # its name
          image: "app:1"
          env:
            # first
            - name: A
              value: 'x'
            - {name: MODE, value: "1"}
          # behind the variables
          command: [sh, -c,
            "exec app"]
      # at the end of the Pod
  # at the end of the Deployment
)"},
    {"lists that are not indented, four spaces, no line feed at the end", 0, kHead + R"(spec:
    template:
        metadata:
            annotations: 
                patterns.remora.dev/sidecar: saver
            labels:
                app: cart
        spec:
            volumes:
            - name: data
              emptyDir: {}
            containers:
            - name: app
              image: app
            - image: other
              name: other)"},
    {"flow style", 1,
     kHead + "spec: {template: {metadata: {annotations: {patterns.remora.dev/sidecar: saver}}, "
             "spec: {containers: [{name: app, image: app}]}}}  # all in one\n"},
    {"flow style over several lines, with a comma at the end", 1, kHead + R"(spec: {
  template: {
    metadata: {
      annotations: {
        patterns.remora.dev/sidecar: saver,
      }
    },
    spec: {
      containers: [
        {name: app, image: app},
      ],
    },
  },
}
)"},
    {"literal blocks, kept blank lines", 0, kHead + R"(spec:
  template:
    metadata:
      annotations:
        patterns.remora.dev/sidecar: saver
        note: |
          # this is text
            - so is: this

    spec:
      containers:
      - name: app
        image: app
        args:
        - >-
          folded
          text

          # not a comment
        - |+
          kept


      restartPolicy: Always
)"},
    {"a block that keeps its line feeds ends the document", 0, kHead + R"(spec:
  template:
    metadata:
      annotations:
        patterns.remora.dev/sidecar: saver
    spec:
      containers:
      - name: app
        image: app
        args:
        - |+
          kept


)"},
    {"empty brackets", 4, kHead + R"(spec:
  template:
    metadata:
      annotations: {patterns.remora.dev/sidecar: saver}
      labels: {}
    spec:
      volumes: []
      containers:
      - {name: app, image: app}
)"},
    {"documents around it, and one end marker", 0,
     "%YAML 1.1\n--- # first\n# nothing but a comment\n---\na:   1\n--- # second\n" + kHead +
         R"(spec:
  template:
    metadata:
      annotations:
        patterns.remora.dev/sidecar: saver
    spec:
      containers:
      - name: app
        image: app
...
---
# empty
---
b: [ 1,2 ]
)"},
    {"a byte order mark, and characters of several bytes", 0,
     "\xEF\xBB\xBF# der Käfig 🐠\n" + kHead + R"(spec:
  template:
    metadata:
      annotations:
        note: "ünï 🐟"   # 🐡
        patterns.remora.dev/sidecar: saver
    spec:
      containers:
      - name: app   # ö
        image: app
)"},
    {"a List", 0, R"(apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: ConfigMap
  metadata:
    name: untouched   # comment
- apiVersion: v1
  kind: Pod
  metadata:
    name: one
    annotations:
      patterns.remora.dev/sidecar: saver
  spec:
    containers:
    - name: app
      image: app

# between the two
- apiVersion: batch/v1
  kind: CronJob
  metadata:
    name: two
  spec:
    jobTemplate:
      spec:
        template:
          metadata:
            annotations:
              patterns.remora.dev/adapter: meter
          spec:
            restartPolicy: Never
            initContainers:
            # first of all
            - name: first
              image: first
            containers:
            - name: app
              image: app
)"},
    {"JSON with a member a line", 0, R"({
    "apiVersion": "v1",
    "kind": "ReplicationController",
    "metadata": {
        "name": "cart"
    },
    "spec": {
        "template": {
            "metadata": {
                "annotations": {
                    "patterns.remora.dev/sidecar": "saver"
                }
            },
            "spec": {
                "containers": [
                    {
                        "name": "app",
                        "image": "app"
                    }
                ]
            }
        }
    }
}
)"},
    {"JSON in one line", 1,
     R"({"apiVersion":"v1","kind":"PodTemplate","metadata":{"name":"cart"},"template":)"
     R"({"metadata":{"annotations":{"patterns.remora.dev/sidecar":"saver"}},"spec":)"
     R"({"containers":[{"name":"app","image":"app"}]}}}
)"},
    {"JSON indented by tabs", 0,
     "{\n\t\"apiVersion\": \"v1\",\n\t\"kind\": \"Pod\",\n\t\"metadata\": {\n\t\t\"name\": "
     "\"cart\",\n\t\t\"annotations\": {\n\t\t\t\"patterns.remora.dev/sidecar\": "
     "\"saver\"\n\t\t}\n\t},\n\t\"spec\": {\n\t\t\"containers\": [\n\t\t\t{\n\t\t\t\t\"name\": "
     "\"app\"\n\t\t\t}\n\t\t]\n\t}\n}"},
};

}  // namespace remora::cli
