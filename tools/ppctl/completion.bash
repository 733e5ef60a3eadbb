# bash completion for ppctl: the program itself knows what can follow.
_ppctl() {
    local IFS=$'\n' found
    # "=" splits words in bash: hand over what stands before the cursor as the user typed it
    local typed=${COMP_WORDS[COMP_CWORD]} words=("${COMP_WORDS[@]:1:COMP_CWORD-1}")
    COMPREPLY=()
    [[ $typed == "=" || ${COMP_WORDS[COMP_CWORD - 1]} == "=" ]] && return
    found=$("${COMP_WORDS[0]}" --complete "${words[@]}" "$typed" 2>/dev/null) || return
    if [[ $found == ":files" ]]; then
        compopt -o filenames
        COMPREPLY=($(compgen -f -- "$typed"))
        return
    fi
    COMPREPLY=($found)
    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace
    return 0
}
complete -F _ppctl ppctl
