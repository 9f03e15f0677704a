"""The gaps of the AWS emulator (ministack 1.5.33) that Rowline would fall into, closed one by one.

Each module names in its docstring what the stock emulator does and the test that shows it; when
that test passes without the module, the module can go. They run on the emulator's own interpreter
and are imported by `launch`, never by Rowline.
"""
