"""Makes a package of what a README says: its [dependencies] and its two programs, each as it is printed.

    readme_package.py README.md FOLDER
"""

import pathlib
import re
import sys

readme, folder = pathlib.Path(sys.argv[1]).read_text(), pathlib.Path(sys.argv[2])


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", readme, re.DOTALL | re.MULTILINE)


dependencies = [block for block in blocks("toml") if block.startswith("[dependencies]")]
programs = [block for block in blocks("rust") if "fn main()" in block]
if len(dependencies) != 1 or len(programs) != 2:
    sys.exit(f"found {len(dependencies)} blocks of dependencies and {len(programs)} programs, expected 1 and 2")

package = '[package]\nname = "service"\nedition = "2024"\n\n'
(folder / "src/bin").mkdir(parents=True)
(folder / "Cargo.toml").write_text(package + dependencies[0])
for name, program in zip(["embed", "journal"], programs):
    (folder / "src/bin" / f"{name}.rs").write_text(program)
